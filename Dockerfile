# The command ftok in an image: the wheel is built on Debian 12 and installed where nothing of the build is.
#   docker build -t ftok .
#   docker run --rm -v "$PWD:/data" ftok tokenize book.txt -o shards
FROM debian:12 AS build
COPY . /source
WORKDIR /source
RUN tools/setup && tools/make/make_wheel --work /wheel --output /dist

# Debian 12's Python is 3.11, so that is the wheel's.
FROM python:3.11-slim
RUN --mount=from=build,source=/dist,target=/dist pip install --no-cache-dir "$(ls /dist/*.whl)[arrow,read]"
WORKDIR /data
ENTRYPOINT ["ftok"]
