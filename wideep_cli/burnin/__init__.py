"""`wideep burnin`: every free GPU and the links between them measured, before a model is loaded on them"""
