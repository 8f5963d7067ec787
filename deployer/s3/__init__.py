"""S3: upload a bundle, or confirm that an object exists."""
