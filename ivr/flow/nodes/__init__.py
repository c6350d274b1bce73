"""One module per node kind of the dialogue language."""
