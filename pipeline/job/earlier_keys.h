// The keys of earlier runs and jobs (--dedup-against), as a job's tasks read them.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/job/task.h"
#include "shards/part.h"

namespace ftok {

// Opens the parts in a file of keys of context.earlier(), verified. One in an object store is fetched first, into a
// file without a name in the job's work/: so many requests as it has pieces of 64 MiB, and one more for the list of its
// inputs. Throws Error with kConfigurationExitCode when its keys are not those that the job was planned with.
std::vector<std::unique_ptr<PartKeys>> open_earlier(const TaskContext& context, const KeysPart& file);

}  // namespace ftok
