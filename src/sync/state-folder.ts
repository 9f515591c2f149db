/**
 * Where a mirror's folder keeps what is not given away: files that are still coming, lists that are being worked on, a
 * second name for each blob. Web servers of mirrors hide names that begin with a dot.
 */
export const stateFolder = '.signpost-sync';
