// Removal of documents from a finished output folder (`ftok remove-ids`): from its shards, through their sidecars, and
// from the texts kept beside them. Only the files that hold one of the documents are written again, without it.
//
//   DIR/removals/NNNNNN.json    a receipt for each removal, sealed (sealed_json.h)
//   DIR/removals/pending/       new files by their names in DIR, while a removal is on its way
//   DIR/removals/pending.json   what is to be done with them: written when all are there, and then it is done, also by
//                               the next command if this one is killed
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ftok {

inline constexpr char kRemovalsFolder[] = "removals";

// A receipt.
struct Removal {
  uint64_t number = 0;           // from 1
  std::vector<std::string> ids;  // removed, ascending
  uint64_t documents = 0;        // removed from shards
  uint64_t tokens = 0;           // the same, with their end-of-text tokens
  uint64_t texts = 0;            // lines removed from texts and from reject records with a text
  struct File {
    std::string name;
    std::string before, after;  // checksums; `after` is empty where the file is gone

    bool operator==(const File&) const = default;
  };
  std::vector<File> files;

  bool operator==(const Removal&) const = default;
};

std::string write_removal(const Removal& removal);
Result<Removal> parse_removal(std::string_view file);  // damage: "unsealed", "bad_checksum", "bad_removal"

std::string removal_name(uint64_t number);  // of a receipt, from 1

// Whether documents were removed from the folder, or are being removed: nothing can be added to it then. The manifest
// knows it too.
bool has_removals(const std::string& folder);
// Files of which one is there then.
std::vector<std::string> signs_of_removals();

// Where the folder is a copy of one that lies elsewhere, in which files of shards and texts may be missing: what a
// removal asks of who made the copy.
class RemovalPlace {
 public:
  virtual ~RemovalPlace() = default;
  // Sees to it that the copy has the file.
  virtual void need(const std::string& name) = 0;
  // New files, and the list of them as the last, are in removals/: from now on the removal can be finished by whoever
  // has them.
  virtual void keep(const std::vector<std::string>& names) = 0;
  // The files of the copy that have changed, in the order in which they are to; `gone` are no longer there, and neither
  // is what was kept.
  virtual void replace(const std::vector<std::string>& names, const std::vector<std::string>& gone) = 0;
};

struct RemoveResult {
  Removal removal;                     // ids is empty where none was found: then nothing was written
  std::vector<std::string> not_found;  // of the ids asked for
  bool finished_earlier = false;       // a removal that had been begun was finished first
  std::vector<std::string> damaged;    // what to say of receipts of earlier removals
};

// Removes the documents of these ids. Throws Error naming the file when the folder is not finished, a file is not what
// the manifest lists, or nothing can be written; the folder is then as it was. `place`: null where the folder is no
// copy.
RemoveResult remove_documents(const std::string& folder, const std::vector<std::string>& ids,
                              RemovalPlace* place = nullptr);

}  // namespace ftok
