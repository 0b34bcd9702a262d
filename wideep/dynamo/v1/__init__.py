"""Dynamo 1.0 to 1.6 behind the interface of a release."""
