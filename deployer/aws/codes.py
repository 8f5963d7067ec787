"""Error codes of requests to AWS: what each says about the request, and what to do; pure data."""

from __future__ import annotations

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
"""Codes by which services say that the identity lacks a permission."""

THROTTLED = {
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "429",
}
"""Codes by which services ask for fewer calls."""

CREDENTIAL_HINTS = {
    "ExpiredToken": "The credentials have expired. Get new ones in this job, right before this step.",
    "RequestExpired": "The credentials or the request have expired; check the machine's clock too.",
    "RequestTimeTooSkewed": "This machine's clock is wrong by more than AWS allows: set it.",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID.",
    "InvalidSignature": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID, or the clock is wrong.",
    "UnrecognizedClient": "AWS does not know these credentials: check AWS_ACCESS_KEY_ID, and "
    "AWS_SESSION_TOKEN if they are temporary.",
    "InvalidAccessKeyId": "AWS does not know this AWS_ACCESS_KEY_ID.",
    "InvalidClientTokenId": "AWS does not know this AWS_ACCESS_KEY_ID.",
    "IncompleteSignature": "The credentials are malformed: check them for stray characters.",
    "MissingAuthenticationToken": "The request was not signed: provide credentials.",
    "TokenRefreshRequired": "The credentials have expired. Get new ones in this job, right before this step.",
    "InvalidToken": "AWS_SESSION_TOKEN is malformed or belongs to other credentials.",
}
"""Codes of credentials that AWS does not take."""

INPUT_HINTS = {
    "ApplicationDoesNotExist": "Check the input application, the region and the account of the credentials.",
    "DeploymentGroupDoesNotExist": "Check the input deployment-group; it belongs to the application, in the "
    "same region and account.",
    "DeploymentConfigDoesNotExist": "Check the input deployment-config; predefined ones begin with "
    "CodeDeployDefault.",
    "DeploymentDoesNotExist": "Check the deployment's id, the region and the account of the credentials.",
    "NoSuchBucket": "Check the input bucket; buckets are not created by this step.",
    "NoSuchKey": "Check the key of the revision.",
    "NoSuchVersion": "Check the versionId of the revision.",
    "PermanentRedirect": "The bucket is in another region, but CodeDeploy reads revisions only from the "
    "region it deploys in. Use a bucket there, or set region to the bucket's. An object that is there "
    "already can be given as revision, with a bucket of the deployment's region for its copy.",
    "AuthorizationHeaderMalformed": "The bucket is in another region, but CodeDeploy reads revisions only "
    "from the region it deploys in. Use a bucket there, or set region to the bucket's. An object that is "
    "there already can be given as revision, with a bucket of the deployment's region for its copy.",
    "301": "The bucket is in another region.",
    "RevisionDoesNotExist": "Register the revision with this application first.",
    "DescriptionTooLong": "Shorten the input description.",
    "AccessControlListNotSupported": "Remove the input acl: the bucket's Object Ownership disables ACLs.",
    "InvalidBucketAclWithObjectOwnership": "Remove the input acl: the bucket disables ACLs.",
    "KeyTooLong": "Shorten the input key, or the folders in bucket: S3 allows 1,024 bytes.",
    "KeyTooLongError": "Shorten the input key, or the folders in bucket: S3 allows 1,024 bytes.",
    "InvalidStorageClass": "Correct the input storage-class, or remove it.",
    "InvalidTag": "Correct the input object-tags: S3 allows 10, keys of 128 and values of 256 characters.",
    "BadRequestTag": "Correct the input object-tags: S3 allows 10 tags.",
    "PackedPolicyTooLarge": "Use fewer or shorter role-session-tags.",
    "RegionDisabled": "Activate AWS STS in this region (IAM console, Account settings), or set the input "
    "region to another one.",
    "InvalidRegion": "Enable the region for the account, or set the input region to another one.",
    "IllegalLocationConstraint": "Set the input region to the bucket's.",
    "InvalidArgument": "Check the inputs that go to S3: sse, kms-key-id, storage-class, object-tags and acl. "
    "A kms-key-id needs sse: aws:kms.",
    "InvalidRequest": "Check the inputs that go to S3: sse, kms-key-id, storage-class, object-tags and acl.",
    "InvalidAutoScalingGroupProcessToSuspend": "Processes can be suspended if the group deploys in place and "
    "has an Auto Scaling group: Terminate, AZRebalance, InstanceRefresh and ScheduledActions.",
    "InvalidRevision": "The application is for another compute platform (Lambda and ECS take an AppSpec as "
    "YAML or JSON, instances an archive), or the revision is not of the type it was registered as.",
    "BadRequest": "Check object-tags (S3 allows 10 tags) and the other inputs that go to S3.",
    "InvalidTagKey": "Correct the input object-tags: S3 allows 10, keys of 128 and values of 256 characters.",
    "InvalidTagValue": "Correct the input object-tags: S3 allows 10, keys of 128 and values of 256 "
    "characters.",
    "MalformedACLError": "Correct the input acl, or remove it.",
    "InvalidBucketName": "Correct the input bucket: a bucket's name, with folders behind a slash if needed.",
    "EntityTooLarge": "The bundle is larger than S3 allows: leave out what the instances do not need.",
    "MetadataTooLarge": "Use fewer or shorter object-tags.",
    "MethodNotAllowed": "The bucket does not allow this: check bucket, and any AWS_ENDPOINT_URL_S3.",
    "NotImplemented": "The S3 endpoint does not support one of sse, storage-class, object-tags and acl: "
    "check them, and any AWS_ENDPOINT_URL_S3.",
    "InvalidObjectState": "The object is archived: restore it, or upload the revision again.",
    "InvalidTargetInstances": "Correct the input target-instances.",
    "InvalidAutoRollbackConfig": "Correct the input auto-rollback.",
    "InvalidAlarmConfig": "Correct the input alarms.",
    "AlarmsLimitExceeded": "Name fewer alarms: CodeDeploy allows 10.",
    "InvalidFileExistsBehavior": "Correct the input file-exists-behavior: DISALLOW, OVERWRITE or RETAIN.",
    "InvalidDeploymentConfigName": "Correct the input deployment-config.",
    "InvalidDeploymentId": "Correct the input deployment-id; it looks like d-ABCDEF123.",
    "InvalidGitHubAccountToken": "Connect CodeDeploy to GitHub again (in the console: edit the application).",
    "GitHubAccountTokenDoesNotExist": "Connect CodeDeploy to GitHub (in the console: edit the application).",
    "InvalidTrafficRoutingConfiguration": "Correct the input deployment-config: it shifts traffic in a "
    "way that the application's platform or load balancer does not support (a Network Load Balancer only "
    "all at once).",
    "InvalidECSService": "Correct the ECS service of the deployment group.",
    "InvalidRole": "Correct the service role of the deployment group; it is not the role of the CI job.",
    "InvalidAutoScalingGroup": "Correct the Auto Scaling groups of the deployment group.",
    "InvalidLoadBalancerInfo": "Correct the load balancer of the deployment group.",
    "DeploymentAlreadyCompleted": "The deployment has ended; nothing can be changed about it any more.",
    "DeploymentIsNotInReadyState": "The deployment does not wait to be continued: stop-after: ready "
    "waits for that.",
    "UnsupportedActionForDeploymentType": "Only blue/green deployments can be continued.",
    "InstanceDoesNotExist": "Check target-instances; the instance may have been terminated in the meantime.",
}
"""Codes of requests that the inputs made wrong."""

PASSING_HINTS = {
    "BadDigest": "The content was damaged on its way to S3. Run the job again.",
    "XAmzContentSHA256Mismatch": "The content was damaged on its way to S3. Run the job again.",
    "IncompleteBody": "The content did not reach S3 completely. Run the job again.",
    "RequestTimeout": "The connection was too slow or broke: check the network and the proxy. Run the "
    "job again.",
    "IDPCommunicationError": "AWS could not reach the token's issuer in time. Run the job again.",
    "NoSuchUpload": "The upload was cut off: a lifecycle rule or another run removed its parts. Run the "
    "job again.",
    "ConditionalRequestConflict": "Another call changes the same object at the moment. Run the job again.",
    "OperationAborted": "Another call changes the same resource at the moment. Run the job again.",
    "TemporaryRedirect": "The bucket was created a short time ago. Run the job again in a few minutes.",
    "PreconditionFailed": "The object in S3 changed while it was copied. Run the job again.",
    "Busy": "S3 is overloaded at the moment. Run the job again.",
}
"""Codes that come as the caller's fault although the same request may well succeed later, with advice."""

ACCOUNT_HINTS = {
    "AllAccessDisabled": "AWS has disabled the account or the object: contact AWS Support.",
    "AccountProblem": "Something is wrong with the AWS account: contact AWS Support.",
    "NotSignedUp": "The AWS account is not signed up for this service.",
    "OptInRequired": "Enable the region or the service for the AWS account, or choose another region.",
    "SubscriptionRequired": "The AWS account is not signed up for this service.",
    "IDPRejectedClaim": "The identity provider rejected the token: it has expired or was revoked. Let the CI "
    "issue a new one right before this step.",
}
"""Codes of accounts and identities that are refused as such."""
