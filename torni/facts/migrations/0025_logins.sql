-- A reading is named by its number: nothing looks for it by the transaction that wrote it any more.
DROP INDEX reading_xact;
