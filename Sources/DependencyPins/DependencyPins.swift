// Nothing to run: this target uses what our dependencies need, so that the manifest may name their
// versions.
