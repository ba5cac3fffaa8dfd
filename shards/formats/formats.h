// The shard formats, each in a file of its own; shard_formats() lists them.
#pragma once

#include "shards/shard_format.h"

namespace ftok {

const ShardFormat& llmc_format();
const ShardFormat& megatron_format();
const ShardFormat& datatrove_format();
const ShardFormat& olmo_format();
const ShardFormat& litdata_format();
const ShardFormat& mds_format();
const ShardFormat& raw_format();

}  // namespace ftok
