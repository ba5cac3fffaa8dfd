// The output folder of `ftok run` and `ftok tokenize`: who it belongs to, what is committed, where everything lies.
//
//   DIR/binding.toml                 version, recipe and digests the folder is bound to
//   DIR/journal                      what is committed so far (journal.h); gone when the command is done
//   DIR/manifest.json                what the shards are made of, when the run is done
//   DIR/ftok_{train,val}_NNNNNN.bin  shards, with .docs sidecars
//   DIR/parts/NNNNNN.*               one part per input (shards/part.h)
//   DIR/work/NNNNNN.candidates       a run's inputs that wait for their turn; gone when it is done
//   DIR/work/shared                  processes that do not commit put candidates here
//   DIR/work/keys/                   sorted keys, where the index does not fit into memory (run/sorted_keys.h)
//
// One process at a time commits, and holds the folder's lock. Any number may put candidates into work/ meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "pipeline/input_report.h"
#include "pipeline/journal.h"
#include "shards/manifest.h"
#include "shards/part.h"

namespace ftok {

// The version of a folder while it is in progress. It is the first line of binding.toml, so a folder of another
// version is refused by its version and not by some difference in its recipe. Folders of ftok 0.1.0, which is version
// 1, have no such line. A finished folder is the same in all versions.
inline constexpr int kRunFolderVersion = 2;

// `binding` with the version before it: what a folder is bound to.
std::string run_binding(const std::string& binding);

// Where candidates go, and whose they are. Needs no lock: all that it writes is whole or absent, and the same whoever
// writes it.
class CandidateFolder {
 public:
  // Makes or opens the folder `path`. Throws UsageError, before anything is touched, when it is bound to something
  // else: naming both versions, or the first difference in the recipe.
  CandidateFolder(const std::string& path, const std::string& binding);

  const std::string& path() const { return path_; }
  std::string work_path() const { return path_ + "/work"; }
  std::string candidates(uint64_t number) const;
  const std::string& binding_digest() const { return binding_digest_; }

  // For a process that does not commit: makes work/ as open_work() does, with a mark that this folder is shared, and
  // makes sure that it is still bound to the same. No other recipe takes over a folder with the mark.
  void join() const;

  // Makes work/ and removes what dead processes of this host left half-written there.
  void open_work() const;

  // Whether the input's part was written: candidates are no longer asked for.
  bool has_part(uint64_t number) const;

 protected:
  enum class Bound { kMustBeThis, kMayBeAnother };  // kMayBeAnother: it is looked at later
  CandidateFolder(const std::string& path, const std::string& binding, Bound bound);

  std::string parts_path() const { return path_ + "/parts"; }
  std::string binding_path() const { return path_ + "/binding.toml"; }
  std::string shared_path() const { return work_path() + "/shared"; }
  std::string read_binding() const;
  const std::string& binding() const { return binding_; }
  [[noreturn]] void refuse(const std::string& bound) const;

 private:
  void bind() const;
  void write_binding_unless_there() const;

  std::string path_, binding_;
  std::string binding_digest_;
};

// The folder in the hands of the process that commits: it holds the lock. Serial.
class OutputFolder : public CandidateFolder {
 public:
  // Makes or opens the folder; removes what a killed process left half-written. A folder that is bound to another
  // recipe, which has committed nothing but inputs that could not be read, or had no text, is bound anew. Throws as
  // CandidateFolder does, and Error when another process holds the lock.
  OutputFolder(const std::string& path, const std::string& binding);

  std::string parts() const { return parts_path(); }
  std::string manifest() const { return path() + "/manifest.json"; }
  std::string journal() const { return path() + "/" + kJournalName; }

  // What becomes of inputs at the end of what is committed that had been given up.
  enum class GivenUp { kStay, kTryAgain };

  // What is committed. Throws UsageError when it is not of `inputs` in that order; where nothing was read of what is
  // committed, and something of it had no text or the inputs are others, it begins anew.
  RunState committed(const std::vector<std::string>& inputs, GivenUp given_up) const;

  // Opens the journal on `state`, removes what lies beyond it (parts, the manifest of a run that was finished and now
  // goes on).
  Journal open_journal(const RunState& state) const;

  // The run is done and its manifest is written: removes work/, and last the journal.
  void finish() const;

  // Removes work/ with all in it.
  void remove_work() const;

 private:
  std::unique_ptr<FolderLock> lock_unless_refused() const;
  void bind_anew() const;
  std::optional<size_t> parts_given_up(const std::string& bound) const;
  bool begins_anew(const std::vector<std::string>& inputs, const RunState& state) const;
  void remove_parts_given_up(size_t parts) const;
  RunState finished() const;
  void remove_part(uint64_t number) const;

  std::unique_ptr<FolderLock> lock_;
};

}  // namespace ftok
