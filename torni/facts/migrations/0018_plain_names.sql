-- A name in small letters without accents, as a search asks for it: kept beside the name, so that one pass over a whole register is quick.
-- Letters outside English are translated here, both cases: the database's own collation knows only English ones.
ALTER TABLE client ADD COLUMN plain text GENERATED ALWAYS AS (translate(lower(name),
  'ÅÄÀÁÂÃÖÒÓÔÕØÉÈÊËÍÌÎÏÚÙÛÜÝÇÑŠŽĐåäàáâãöòóôõøéèêëíìîïúùûüýçñšžđ',
  'aaaaaaooooooeeeeiiiiuuuuycnszdaaaaaaooooooeeeeiiiiuuuuycnszd')) STORED;
