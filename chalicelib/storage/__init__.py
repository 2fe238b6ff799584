"""The only home of AWS: PynamoDB tables, S3, and the connection beneath."""
