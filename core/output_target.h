// What writing to a path means: putting a regular file in place of what is there, or writing into what is there.
#pragma once

#include <string>

namespace ftok {

struct OutputTarget {
  std::string path;        // symbolic links followed: where the regular file is or will be, or what is written into
  bool is_stream = false;  // a device, FIFO, socket or open descriptor (/dev/stdout, /dev/fd/3): written into
  int descriptor = -1;     // of this process, where the path names one (not opened here)
};

// Follows `path` as open() with O_CREAT would. Throws Error naming it when it is a folder, or when its links go in a
// circle.
OutputTarget follow_output(const std::string& path);

// Opens a stream for writing; waits for the reader of a FIFO, and throws Stopped when a stop is asked for meanwhile.
// Throws Error naming it.
int open_stream(const OutputTarget& target);

}  // namespace ftok
