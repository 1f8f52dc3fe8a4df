//! Redis processes in every shape, for tests. TODO
