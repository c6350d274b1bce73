#!/bin/sh
# The image's entry. The cache is a volume, which outlives the image: what the image brings (Asterisk, models) is linked
# into it at each start, so that an older volume never hides a newer image; prompts are named by what is in them.
set -eu
for part in asterisk models; do
    ln -sfn "/opt/hotline-cache/$part" "$IVR_CACHE/$part"
done
mkdir -p "$IVR_CACHE/prompts"
cp -rn /opt/hotline-cache/prompts/. "$IVR_CACHE/prompts/"
exec /opt/hotline/.venv/bin/ivr "$@"
