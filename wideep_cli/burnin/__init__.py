"""``wideep burnin``: free GPU nodes and their links measured, before a model is loaded on them."""
