// RemoteOutput: an output folder in an object store. The work is done in a folder of this machine, as for any other
// output; when it is done, the folder's files become objects, each whole or absent, the manifest last. So an output
// whose manifest is there is complete.
#pragma once

#include <memory>
#include <string>

#include "core/log.h"
#include "crawl/s3.h"

namespace ftok {

// Serial.
class RemoteOutput {
 public:
  // `output`: s3://BUCKET/PREFIX. `folder`: where the work is done; kept when the work fails, so that the same command
  // continues there. A finished output is fetched into an empty folder first, so that it can be added to. Throws
  // UsageError when the folder is empty and the objects below the prefix are not a finished output.
  RemoteOutput(const std::string& output, std::string folder, const FetchOptions& fetch, Log log);

  const std::string& folder() const { return folder_; }

  // Stores every file that is not there in the same version yet, and removes the folder.
  void publish();

 private:
  S3Address address_of(const std::string& name) const;
  void fetch_all(const std::vector<S3Object>& objects) const;

  S3Address prefix_;  // its key ends in '/', or is empty
  std::string folder_;
  Log log_;
  S3Store store_;
};

// The ETag of an object that was stored in one PUT, or in parts of `part_bytes`: the MD5 of its bytes, or of its parts'
// MD5 and "-PARTS", in quotes (what S3 answers for objects that are not encrypted with a key of their own).
std::string s3_etag_of_file(const std::string& path, uint64_t part_bytes);

}  // namespace ftok
