# The peers' side of `bench/rhythm.py`: R's surveillance, on the same series. `Rscript rhythm_farrington.R FOLDER`
# check.csv (weeks in rows, a series a column, the last row is judged) -> check_out.csv: farringtonFlexible's tail chance.
# ears_x.csv (days, series) -> ears_out.csv: earsC's C2 of four working weeks, in standard deviations above the mean.
# glr_x.csv, glr_mean.csv (days, series), glr_alpha.csv -> glr_out.csv: algo.glrnb's statistic each day, never begun anew.
suppressMessages(library(surveillance))
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) as.matrix(read.csv(file.path(folder, name), header = FALSE))
write_out <- function(x, name) write.table(x, file.path(folder, name), sep = ",", row.names = FALSE, col.names = FALSE)

if (file.exists(file.path(folder, "check.csv"))) {
  weeks <- read("check.csv")
  began <- proc.time()[1]
  p <- apply(weeks, 2, function(y) {
    judged <- farringtonFlexible(sts(y, freq = 52, start = c(2000, 1)), list(
      range = length(y), b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26,
      thresholdMethod = "nbPlugin", alpha = 0.01, glmWarnings = FALSE))
    judged@control$pvalue
  })
  write_out(p, "check_out.csv")
  cat(sprintf("farringtonFlexible: %.1f CPU ms a day and series\n", 1000 * (proc.time()[1] - began) / ncol(weeks)))
}
if (file.exists(file.path(folder, "glr_x.csv"))) {
  x <- read("glr_x.csv"); mu <- read("glr_mean.csv"); alpha <- read("glr_alpha.csv")[, 1]
  out <- matrix(0, nrow(x), ncol(x))
  for (i in seq_len(ncol(x))) {
    judged <- algo.glrnb(list(observed = matrix(x[, i])), list(
      range = seq_len(nrow(x)), c.ARL = 1e9, mu0 = mu[, i], alpha = alpha[i], M = 30, Mtilde = 1,
      change = "intercept", theta = NULL, dir = "inc", ret = "value"))
    out[, i] <- judged$upperbound
  }
  write_out(out, "glr_out.csv")
}
if (file.exists(file.path(folder, "ears_x.csv"))) {
  x <- read("ears_x.csv")
  judged <- function(alpha) upperbound(earsC(sts(x), list(method = "C2", baseline = 20, minSigma = 0.5, alpha = alpha)))
  one <- judged(1 - pnorm(1)); two <- judged(1 - pnorm(2)) # the mean and one, and two standard deviations
  out <- matrix(0, nrow(x), ncol(x))
  late <- (nrow(x) - nrow(one) + 1):nrow(x)
  out[late, ] <- (x[late, ] - one) / (two - one) + 1
  write_out(out, "ears_out.csv")
}
