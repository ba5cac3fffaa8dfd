// Temporary names: NAME.ftok-tmp-HOST-PROCESS-RANDOM beside the file that is to be NAME. Unique to the attempt, and
// locked (flock) by the process that writes it for as long as it does, so that what a killed one left can be told from
// what a living one writes.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// Makes and locks a file, or folder, of a new temporary name for `path`, and gives its name to `name`. Returns the
// descriptor, which keeps the lock. Throws Error naming `path`.
int create_temporary_file(const std::string& path, std::string& name);
int create_temporary_folder(const std::string& path, std::string& name);

// Opens a file without a name in `folder`, for reading and writing: it is gone when the descriptor is closed, also
// after a kill. Throws Error naming the folder.
int open_nameless_file(const std::string& folder);

// Whether a path is of such a name.
bool is_temporary(std::string_view path);

// Removes the temporary files and folders in `folder` (not below) that killed processes left. Files of other names, and
// files that are locked, stay. Safe only while no other process writes there: the caller holds the folder's lock.
void remove_temporaries(const std::string& folder);

// The same where others may be writing: removes only what processes of this host left that no longer run.
void remove_dead_temporaries(const std::string& folder);

// The same of the temporary names of one file, or of the one that a link leads to.
void remove_dead_temporaries_of(const std::string& path);

}  // namespace ftok
