#ifndef ONAGER_VERSION_H_
#define ONAGER_VERSION_H_

/// The version of these headers. Generated code checks at compile time that it fits: code of the same and of
/// the previous minor version does.
#define ONAGER_VERSION_MAJOR 0
#define ONAGER_VERSION_MINOR 1
#define ONAGER_VERSION_PATCH 0

#endif  // ONAGER_VERSION_H_
