"""The typed DynamoGraphDeployment, and how one is built from settings and layout."""
