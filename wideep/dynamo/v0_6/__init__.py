"""Dynamo 0.6 to 0.9 behind the interface of a release."""
