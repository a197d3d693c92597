"""How much data is enough: error against the number of training texts, that grow at random or by what is hard."""
