// Where the output of a command goes: a folder of this machine, or a place in an object store, which is worked on in a
// folder of this machine until it is whole.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "core/log.h"
#include "pipeline/remote_output.h"

namespace ftok::cli {

struct OutputFlags {
  std::string output;  // a folder, or s3://BUCKET/PREFIX
  std::string work;    // the folder of this machine, with an s3:// output

  // --output and --work. `help` describes the output.
  void add_to(CLI::App& command, const std::string& help);
};

// Serial.
class OutputPlace {
 public:
  // Throws UsageError naming the flag.
  OutputPlace(const OutputFlags& flags, const FetchOptions& fetch, const Log& log);

  // Where the command writes.
  const std::string& folder() const { return remote_ ? remote_->folder() : output_; }

  // Call it when the folder is whole.
  void publish() {
    if (remote_) remote_->publish();
  }

 private:
  std::string output_;
  std::optional<RemoteOutput> remote_;
};

}  // namespace ftok::cli
