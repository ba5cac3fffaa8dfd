// The folder of a run: who it belongs to, what is committed, where everything lies.
//
//   DIR/binding.toml                 recipe and digests the folder is bound to
//   DIR/manifest.json                what the shards are made of
//   DIR/ftok_{train,val}_NNNNNN.bin  shards, with .docs sidecars
//   DIR/parts/NNNNNN.*               one part an input (shards/part.h)
//   DIR/work/NNNNNN.candidates       inputs that wait for their turn; gone when the run is done
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "pipeline/run/candidates.h"
#include "shards/part.h"

namespace ftok {

// Holds the folder's lock. Serial.
class OutputFolder {
 public:
  // Makes or opens the folder; removes what a killed process left half-written. Throws UsageError, naming the first
  // difference, when the folder is bound to another recipe.
  OutputFolder(const std::string& path, const std::string& binding);

  const std::string& path() const { return path_; }
  std::string parts() const { return path_ + "/parts"; }
  std::string candidates(uint64_t number) const;
  std::string manifest() const { return path_ + "/manifest.json"; }
  const std::string& binding_digest() const { return binding_digest_; }

  // The committed parts from 0 on, in order. Throws UsageError when they are not the parts of `inputs` in that order.
  // Parts at the end whose input had been given up are removed, so that a resumed run tries those inputs again.
  std::vector<PartReceipt> take_parts(const std::vector<std::string>& inputs);

  // Which inputs from `first` on have their candidates on disk.
  std::vector<bool> candidates_ready(const std::vector<std::string>& inputs, size_t first) const;

  // Removes work/ with all in it.
  void remove_work();

 private:
  void remove_part(uint64_t number) const;
  void bind(const std::string& binding);
  [[noreturn]] void refuse_old_folder() const;

  std::string path_;
  std::unique_ptr<FolderLock> lock_;
  std::string binding_digest_;
};

}  // namespace ftok
