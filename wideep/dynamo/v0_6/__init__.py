"""Dynamo 0.6 behind the interface of a release."""
