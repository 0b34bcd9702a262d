"""``wideep burnin``: measurements of free GPU nodes and their links, before a model is loaded on them."""
