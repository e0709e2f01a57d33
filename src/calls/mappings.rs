//! Calls about identity mappings.

use crate::answers::error::Error;
use crate::answers::judgement;
use crate::answers::response::Response;
use crate::calls::options::{GetOptions, comma_list};
use crate::calls::request_check as check;
use crate::client::Client;
use crate::models::generated::operations;
use crate::models::{
    SharePointGroupIdentityMapping, SharePointGroupIdentityMappingCollectionResponse,
    SharePointGroupIdentityMappingDelta, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMapping, SharePointUserIdentityMappingCollectionResponse,
    SharePointUserIdentityMappingDelta, SharePointUserIdentityMappingDeltaItem,
};

/// What marks a body as a delta payload.
const DELTA: &str = "#$delta";

/// Calls about which target user or group stands for a source one, on the target tenant; beta only.
impl Client {
    /// Gets the mapping of a source user.
    ///
    /// # Errors
    ///
    /// Any refusal; the documents do not say which one an unknown user gets.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointuseridentitymapping-get)
    pub async fn get_user_mapping(
        &self,
        source_user_principal_name: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointUserIdentityMapping>, Error> {
        let options = &options;
        self.call(
            &operations::GET_USER_MAPPING,
            check::literal("the user principal name", source_user_principal_name),
            |bare| async move {
                bare.get_user_mapping(
                    source_user_principal_name,
                    comma_list(&options.select).as_deref(),
                )
                .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Adds, replaces and removes mappings of users, at most 50 at a time.
    ///
    /// The answer holds one mapping for each item, in the same order; compare it with what was
    /// sent, since the documents do not say how the failure of a single item is reported.
    ///
    /// ```no_run
    /// use msgraph_migrations::models::SharePointUserIdentityMappingDeltaItem as Mapping;
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), msgraph_migrations::Error> {
    /// let source_tenant = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
    /// let ines = Mapping::upsert(source_tenant, "ines@alderwood.example", "ines@harborlane.example");
    /// let mapped = client.update_user_mappings(vec![ines]).await?;
    /// println!("{} mappings are in force", mapped.value().value.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for no item, more than 50, or one
    /// without a source user.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointuseridentitymapping-update)
    pub async fn update_user_mappings(
        &self,
        items: Vec<SharePointUserIdentityMappingDeltaItem>,
    ) -> Result<Response<SharePointUserIdentityMappingCollectionResponse>, Error> {
        let checked = check::user_mappings(&items);
        let delta = SharePointUserIdentityMappingDelta {
            context: DELTA.to_owned(),
            value: items,
        };
        let delta = &delta;
        self.call(
            &operations::UPDATE_USER_MAPPINGS,
            checked,
            |bare| async move { bare.update_user_mappings(delta).await },
            judgement::collection,
        )
        .await
    }

    /// Gets the mapping of a source group, by its Entra object id.
    ///
    /// # Errors
    ///
    /// Any refusal; the documents do not say which one an unknown group gets.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointgroupidentitymapping-get)
    pub async fn get_group_mapping(
        &self,
        source_group_object_id: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointGroupIdentityMapping>, Error> {
        let options = &options;
        self.call(
            &operations::GET_GROUP_MAPPING,
            check::literal("the group", source_group_object_id),
            |bare| async move {
                bare.get_group_mapping(
                    source_group_object_id,
                    comma_list(&options.select).as_deref(),
                )
                .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Adds, replaces and removes mappings of groups, at most 50 at a time.
    ///
    /// The answer holds one mapping for each item, in the same order; compare it with what was
    /// sent, since the documents do not say how the failure of a single item is reported.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for no item, more than 50, or one
    /// without a source group.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointgroupidentitymapping-update)
    pub async fn update_group_mappings(
        &self,
        items: Vec<SharePointGroupIdentityMappingDeltaItem>,
    ) -> Result<Response<SharePointGroupIdentityMappingCollectionResponse>, Error> {
        let checked = check::group_mappings(&items);
        let delta = SharePointGroupIdentityMappingDelta {
            context: DELTA.to_owned(),
            value: items,
        };
        let delta = &delta;
        self.call(
            &operations::UPDATE_GROUP_MAPPINGS,
            checked,
            |bare| async move { bare.update_group_mappings(delta).await },
            judgement::collection,
        )
        .await
    }
}
