# The command ftok as an image: built with what tools/setup installs, run with nothing but what the program loads.
#   docker build -t ftok .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" ftok tokenize book.txt -o shards
# The test `image` checks each path and package that is named here.
FROM debian:12-slim AS build
ENV FTOK_PEERS=/opt/ftok-peers
COPY tools/setup /source/tools/setup
RUN /source/tools/setup && /source/tools/setup --arrow
COPY . /source
WORKDIR /source
RUN cmake --preset release -DFTOK_TESTS=OFF -DFTOK_CUDA=OFF -DFTOK_ARROW=ON -DCMAKE_INSTALL_PREFIX=/opt/ftok \
    && cmake --build build/release \
    && cmake --install build/release --strip

FROM debian:12-slim
# Arrow's libraries are those of the Python package, where the build found them; libopenblas0-pthread is loaded when something trains.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libbrotli1 libcpp-httplib0.11 libcurl4 libdeflate0 libfmt9 \
       libgumbo1 libicu72 libopenblas0-pthread libpsl5 libre2-9 libsimdjson14 libssl3 libstdc++6 libtbb12 libtomlplusplus3 \
       libuchardet0 libxxhash0 libzstd1 publicsuffix zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home ftok \
    && mkdir /data \
    && chown ftok:ftok /data
COPY --from=build /opt/ftok/bin /opt/ftok/bin
COPY --from=build /opt/ftok/lib/ftok /opt/ftok/lib/ftok
COPY --from=build /opt/ftok/share /opt/ftok/share
COPY --from=build /opt/ftok-peers/arrow/lib/python3.11/site-packages/pyarrow/libarrow.so.* \
     /opt/ftok-peers/arrow/lib/python3.11/site-packages/pyarrow/libparquet.so.* \
     /opt/ftok-peers/arrow/lib/python3.11/site-packages/pyarrow/
COPY --from=build /opt/ftok-peers/arrow/lib/python3.11/site-packages/pyarrow-*.dist-info/licenses /opt/ftok/share/doc/arrow/
COPY LICENSE NOTICE /licenses/
ENV PATH=/opt/ftok/bin:$PATH
USER ftok
WORKDIR /data
ENTRYPOINT ["ftok"]
