#!/usr/bin/env bash
# Runs the seven flows in their order against a catalog of its own and shows what they leave behind.
set -euo pipefail
flows=$(cd "$(dirname "$0")" && pwd)
begat=${BEGAT:-begat}
export BEGAT_CATALOG=${BEGAT_CATALOG:-$(mktemp -d)/catalog.db}

say() { printf '\n$ begat %s\n' "$*"; "$begat" "$@"; }

for flow in create_vm assign_external_ip apply_license onboard_user install_software assign_certificate take_snapshot; do
  (cd "$flows/.." && say run "flows/$flow.yaml")
done
say asset list
say asset graph windows-web-01
say catalog verify
printf '\nThe catalog is %s\n' "$BEGAT_CATALOG"
