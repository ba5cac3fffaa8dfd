// Which versions of its inputs a job is planned for, where they lie in an object store: their sizes and ETags.
#pragma once

#include <string>
#include <vector>

#include "crawl/s3.h"
#include "shards/job_manifest.h"

namespace ftok {

// Asks the store for the inputs that are s3:// addresses; `names` are those of all. Leaves be what can only be read
// (the public bucket, without credentials). Throws Error naming an object that is not there.
void note_versions(const S3Store& store, const std::vector<std::string>& names,
                   std::vector<JobManifest::Input>& inputs);

// Throws Error with kConfigurationExitCode when the object is not the one that was planned.
void check_version(const S3Store& store, const std::string& name, const JobManifest::Input& planned);

}  // namespace ftok
