//! Client for Microsoft Graph's cross-tenant migration APIs.
