"""What is known of the Dynamo platform and its graphs on a live cluster."""
