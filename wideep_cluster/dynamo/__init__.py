"""The Dynamo platform and its graphs on a live cluster: their state, what is wrong with them, and waits for them."""
