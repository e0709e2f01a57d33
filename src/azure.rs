//! Tokens from the credentials of the Azure SDK.
