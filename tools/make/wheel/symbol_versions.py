"""Lets a binary that was linked with libstdc++ 3.4.30 (g++ 12) load with 3.4.29 (g++ 11), which is all that manylinux_2_34 promises.

Between the two one function that ftok and ICU call got a new version: std::condition_variable::wait, which became noexcept. libstdc++ still has it
under its old version too, with the same arguments, so the name of the version in the binary is all that has to change. A binary that needs anything
else of 3.4.30 is an error.
"""
import struct
import sys
from io import BytesIO

from elftools.elf.elffile import ELFFile

NEW, OLD = b"GLIBCXX_3.4.30", b"GLIBCXX_3.4.11"  # as long as each other
WAIT = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"


def elf_hash(name):
    """The hash of the System V ABI, by which the loader compares versions."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value


def needed_versions(data, section):
    """(offset, number, offset of the name) of each version that the section .gnu.version_r lists"""
    need = section["sh_offset"]
    while True:
        _, _, _, first, following = struct.unpack_from("<HHIII", data, need)
        version = need + first
        while True:
            _, _, number, name, step = struct.unpack_from("<IHHII", data, version)
            yield version, number, name
            if step == 0:
                break
            version += step
        if following == 0:
            return
        need += following


def lower_versions(path):
    """Changes the file where it needs that version; returns whether it did."""
    data = bytearray(path.read_bytes())
    elf = ELFFile(BytesIO(bytes(data)))
    needs, numbers, symbols, strings = (elf.get_section_by_name(name) for name in (".gnu.version_r", ".gnu.version", ".dynsym", ".dynstr"))
    if needs is None:
        return False
    changed = False
    for version, number, name in needed_versions(data, needs):
        place = strings["sh_offset"] + name
        if data[place:place + len(NEW) + 1] != NEW + b"\0":
            continue
        users = [symbols.get_symbol(i).name for i in range(symbols.num_symbols()) if struct.unpack_from("<H", data, numbers["sh_offset"] + 2 * i)[0] & 0x7FFF == number]
        if set(users) != {WAIT}:
            sys.exit(f"{path}: needs more of {NEW.decode()} than is known to be there in older versions: {', '.join(users)}")
        data[place:place + len(OLD)] = OLD
        struct.pack_into("<I", data, version, elf_hash(OLD))
        changed = True
    if changed:
        path.write_bytes(data)
    return changed
