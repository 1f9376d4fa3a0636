//! Assets: what has a price. Reference data of the installation, the same for every tenant.

mod asset;
mod catalog;
mod symbol;

pub use asset::{AssetKind, Column as AssetColumn, Entity as AssetEntity, Model as Asset};
pub use catalog::{AssetCatalog, NewAsset};
pub use symbol::{Symbol, SymbolError};
