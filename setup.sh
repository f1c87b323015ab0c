#!/usr/bin/env bash
# Makes a fresh clone ready: pnpm at the pinned version, the dependencies, and a WebGPU adapter.
# Needs Node and git only. May be run as often as you like; what is there already is left alone.
#   ./setup.sh            do it
#   ./setup.sh --dry-run  say what would be done
# The last line names the adapter. Exit codes: 0 ready, 1 something failed, 2 wrong usage, 3 no adapter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

dry_run=false
case "${1:-}" in
  '') ;;
  --dry-run) dry_run=true ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$1" >&2
  exit "${2:-1}"
}
# Shows a command and runs it, unless this is a dry run.
run() {
  say "\$ $*"
  if ! $dry_run; then "$@"; fi
}
has() { command -v "$1" >/dev/null 2>&1; }

# ── Node ────────────────────────────────────────────────────────────────────────────────────────────────────
check_node() {
  has node || fail 'Node is missing: install Node 20.19 or newer (https://nodejs.org)'
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
  ' || fail "Node $(node --version) is too old: install Node 20.19, 22, 24 or newer (https://nodejs.org)"
  say "Node $(node --version)"
}

# ── pnpm ────────────────────────────────────────────────────────────────────────────────────────────────────
path_advice=''

# The first folder of PATH below HOME that can be written to.
writable_path_folder() {
  local folder
  local IFS=:
  for folder in $PATH; do
    case "$folder" in
      "$HOME"/*)
        if [ -d "$folder" ] && [ -w "$folder" ]; then
          printf '%s\n' "$folder"
          return
        fi
        ;;
    esac
  done
}

# npm 11 warns that it did not run pnpm's install scripts; pnpm works without them.
install_pnpm() {
  local pinned=$1 prefix folder
  has npm || fail 'npm is missing; it normally comes with Node. Install it, or pnpm by hand: https://pnpm.io/installation'
  prefix=$(npm prefix --global 2>/dev/null)
  if [ -w "$prefix/lib/node_modules" ] || { [ ! -e "$prefix/lib" ] && [ -w "$prefix" ]; } || [ "${OS:-}" = Windows_NT ]; then
    run npm install --global "pnpm@$pinned"
    return
  fi
  say "npm's global folder $prefix is not writable, so pnpm goes into your own folder $HOME/.local"
  run npm install --global --prefix "$HOME/.local" "pnpm@$pinned"
  folder=$(writable_path_folder)
  case ":$PATH:" in
    *":$HOME/.local/bin:"*) ;;
    *)
      if [ -n "$folder" ]; then
        run ln -sf "$HOME/.local/bin/pnpm" "$folder/pnpm"
      else
        path_advice="pnpm is not on your PATH yet: export PATH=\"\$HOME/.local/bin:\$PATH\" (and add that line to your shell's profile)"
      fi
      ;;
  esac
  PATH="$HOME/.local/bin:$PATH"
}

# Asked outside the repository, because inside it a pnpm may download and become the pinned version.
pnpm_version() { (cd / && pnpm --version 2>/dev/null) || true; }

check_pnpm() {
  local pinned have
  pinned=$(node -p 'JSON.parse(fs.readFileSync("package.json", "utf8")).packageManager.split("@")[1].split("+")[0]')
  have=$(pnpm_version)
  if [ -z "$have" ] && [ -x "$HOME/.local/bin/pnpm" ]; then
    path_advice="pnpm is not on your PATH yet: export PATH=\"\$HOME/.local/bin:\$PATH\" (and add that line to your shell's profile)"
    PATH="$HOME/.local/bin:$PATH"
    have=$(pnpm_version)
  fi
  if [ "$have" = "$pinned" ]; then
    say "pnpm $have"
  elif [ -n "$have" ] && [ "${have%%.*}" = "${pinned%%.*}" ]; then
    say "pnpm $have (pinned is $pinned; the same major version will do)"
  else
    say "pnpm is ${have:-missing}; installing the pinned $pinned"
    install_pnpm "$pinned"
    hash -r
    if ! $dry_run; then
      have=$(pnpm_version)
      [ "$have" = "$pinned" ] || fail "pnpm $pinned was installed, but \"pnpm\" is ${have:-not found}; remove the other one, or put the new one first on PATH"
    fi
  fi
}

# ── Dependencies ────────────────────────────────────────────────────────────────────────────────────────────
install_dependencies() {
  say 'dependencies, exactly as pnpm-lock.yaml names them'
  run pnpm install --frozen-lockfile
}

# ── WebGPU adapter ──────────────────────────────────────────────────────────────────────────────────────────
# Prints one line about the adapter, or nothing when there is none; fails when Dawn itself cannot be loaded.
# Dawn frees its instance with the result of create(), so that is kept until the end; its warnings about
# drivers that do not fit are of no use here.
probe_adapter() {
  # shellcheck disable=SC2016
  (cd packages/tensor && node --input-type=module --eval '
    const { create } = await import("webgpu").catch(() => process.exit(4));
    const wanted = process.env.FOREWORD_ADAPTER;
    const gpu = create(wanted ? [`adapter=${wanted}`] : []);
    const adapter = await gpu.requestAdapter();
    if (adapter) {
      const device = await adapter.requestDevice();
      const { description, device: name, vendor, architecture } = adapter.info;
      console.log([name, description || `${vendor} ${architecture}`].filter(Boolean).join(" · "));
      device.destroy();
    }
    globalThis.keptUntilHere = gpu;
  ' 2>/dev/null) || [ $? -ne 4 ]
}

root_missing=false

as_root() {
  if [ "$(id -u)" = 0 ]; then
    run "$@"
  elif has sudo; then
    run sudo "$@"
  else
    say "as root: $*"
    root_missing=true
  fi
}

apt_install() {
  as_root apt-get update || say 'apt-get update had problems; going on with the lists there are'
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -o DPkg::Lock::Timeout=300 "$@" libvulkan1 mesa-vulkan-drivers ||
    fail 'apt could not install libvulkan1 and mesa-vulkan-drivers; see its messages above'
}

# Debian 12's own Mesa (22.3) is refused by Dawn; the one in backports works.
install_from_backports() {
  local list=/etc/apt/sources.list.d/foreword-backports.list mirror
  if [ -n "$(apt-get indextargets 'Codename: bookworm-backports' 2>/dev/null)" ]; then
    say 'bookworm-backports is among the package sources already'
  else
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' 2>/dev/null | head -n 1)
    as_root sh -c "echo 'deb ${mirror:-http://deb.debian.org/debian} bookworm-backports main' >$list"
  fi
  apt_install -t bookworm-backports
}

# A software driver runs on the CPU: slow, but everything works.
install_driver() {
  local id='' version='' like='' os_release=${FOREWORD_OS_RELEASE:-/etc/os-release}
  case "$(uname -s)" in
    Darwin) fail 'macOS brings its own WebGPU driver (Metal), but none answers; macOS 13 or newer on a machine with Metal is needed' 3 ;;
    MINGW* | MSYS* | CYGWIN*) fail 'Windows brings its own WebGPU driver (Direct3D 12), but none answers; update Windows and the graphics driver' 3 ;;
    Linux) ;;
    *) fail "there is no known driver for $(uname -s); Linux, macOS and Windows are supported" 3 ;;
  esac
  if [ -r "$os_release" ]; then
    id=$(sed -n 's/^ID="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$os_release")
    version=$(sed -n 's/^VERSION_ID="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$os_release")
    like=$(sed -n 's/^ID_LIKE="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$os_release")
  fi
  say "no WebGPU adapter answers; a software Vulkan driver is needed on ${id:-this Linux} ${version}"
  case "$id:$version" in
    debian:12) install_from_backports ;;
    # Testing and unstable have no version number.
    debian: | debian:1[3-9] | debian:[2-9]?) apt_install ;;
    debian:*) fail 'Debian 12 or newer is needed: the Mesa of older releases is refused by Dawn (WebGPU)' 3 ;;
    ubuntu:2[4-9].* | ubuntu:[3-9]?.*) apt_install ;;
    ubuntu:22.*) fail 'Ubuntu 22.04 brings too old a Mesa: use Ubuntu 24.04, or add a newer Mesa (ppa:kisak/kisak-mesa) and install libvulkan1 mesa-vulkan-drivers, then run ./setup.sh again' 3 ;;
    *)
      case " $id $like " in
        *' fedora '* | *' rhel '*) fail 'install a Vulkan driver: sudo dnf install vulkan-loader mesa-vulkan-drivers, then run ./setup.sh again' 3 ;;
        *' arch '*) fail 'install a Vulkan driver: sudo pacman -S vulkan-icd-loader vulkan-swrast, then run ./setup.sh again' 3 ;;
        *' suse '* | *' opensuse '*) fail 'install a Vulkan driver: sudo zypper install libvulkan1 libvulkan_lvp, then run ./setup.sh again' 3 ;;
        *' alpine '*) fail 'WebGPU (Dawn) needs glibc, which Alpine lacks: use a glibc-based system' 3 ;;
        *' debian '* | *' ubuntu '*) fail 'install libvulkan1 and mesa-vulkan-drivers (Mesa 24 or newer) with apt, then run ./setup.sh again' 3 ;;
        *) fail "install the Vulkan loader and Mesa's Vulkan drivers (lavapipe, Mesa 24 or newer), then run ./setup.sh again" 3 ;;
      esac
      ;;
  esac
}

check_adapter() {
  local adapter
  if ! adapter=$(probe_adapter); then
    if $dry_run && [ ! -e packages/tensor/node_modules/webgpu ]; then
      say 'adapter: unknown until the dependencies are installed'
      return
    fi
    fail "the npm package webgpu (Dawn) cannot be loaded on $(uname -sm); it has builds for Linux with glibc, macOS and Windows"
  fi
  if [ -z "$adapter" ] && [ -n "${FOREWORD_ADAPTER:-}" ]; then
    adapter=$(FOREWORD_ADAPTER='' probe_adapter)
    [ -z "$adapter" ] || fail "FOREWORD_ADAPTER asks for \"$FOREWORD_ADAPTER\", but only this one answers: $adapter; unset it" 3
  fi
  if [ -z "$adapter" ]; then
    install_driver
    if $root_missing; then
      fail 'installing a driver needs root, and there is no sudo: run the commands above marked "as root", then ./setup.sh again' 3
    fi
    if $dry_run; then
      say 'adapter: unknown, this was a dry run'
      return
    fi
    adapter=$(probe_adapter)
    [ -n "$adapter" ] || fail 'a driver is installed, but still no WebGPU adapter answers; pnpm run doctor says more' 3
  fi
  say "adapter: $adapter"
}

check_node
check_pnpm
install_dependencies
[ -z "$path_advice" ] || say "$path_advice"
check_adapter
