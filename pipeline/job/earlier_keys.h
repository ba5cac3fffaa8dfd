// The keys of earlier runs and jobs (--dedup-against), as a job's tasks read them.
#pragma once

#include <memory>

#include "pipeline/job/task.h"
#include "shards/part.h"

namespace ftok {

// Opens a part of context.earlier(), verified. One in an object store is fetched first, into a file without a name in
// the job's work/. Throws Error with kConfigurationExitCode when its keys are not those that the job was planned with.
std::unique_ptr<PartKeys> open_earlier(const TaskContext& context, const KeysPart& part);

}  // namespace ftok
