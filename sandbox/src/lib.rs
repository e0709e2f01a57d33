//! Stateful simulator of Microsoft Graph's cross-tenant migration APIs.
