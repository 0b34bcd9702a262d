"""The typed DynamoGraphDeployment, and how it is built from settings and layout."""
