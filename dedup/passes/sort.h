// A stable sort of key records by their keys: most significant bits first, down to groups small enough to insert.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dedup/key_records.h"

namespace ftok {

// Sorts `size` records whose keys agree above their lowest `bits` bits. `scratch` has room for as many.
void sort_by_key(KeyRecord* records, KeyRecord* scratch, size_t size, unsigned bits);

}  // namespace ftok
