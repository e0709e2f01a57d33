//! Users, each once, however often the service lists them.

use std::collections::HashMap;

use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::CrossTenantMigrationTask as User;

/// Users in the order of the service, each once.
#[derive(Default)]
pub(super) struct Unique {
    users: Vec<User>,
    index: HashMap<String, usize>,
    /// How many were listed again.
    pub repeated: usize,
    /// How many had no id.
    pub nameless: usize,
}

impl Unique {
    pub fn add(&mut self, user: User) {
        let Some(id) = user.id.as_deref().filter(|id| !id.is_empty()) else {
            self.nameless += 1;
            return;
        };
        let date = |user: &User| {
            let date = user.last_updated_date_time.as_ref();
            date.and_then(DateTimeOffset::to_utc)
        };
        match self.index.get(&id.to_lowercase()) {
            None => {
                self.index.insert(id.to_lowercase(), self.users.len());
                self.users.push(user);
            }
            Some(&index) => {
                self.repeated += 1;
                let known = &mut self.users[index];
                if date(known) <= date(&user) {
                    *known = user;
                }
            }
        }
    }

    pub fn into_users(self) -> Vec<User> {
        self.users
    }
}
