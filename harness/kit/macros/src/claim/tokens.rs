//! Values as the tokens that make them.

use proc_macro2::TokenStream;
use quote::quote;

/// An `Option` of what these tokens make.
pub(super) fn option_tokens(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
