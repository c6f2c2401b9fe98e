//! Ten real notices of the national portal, as published.
