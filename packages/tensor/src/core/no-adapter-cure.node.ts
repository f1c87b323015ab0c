// What to do on this operating system when no WebGPU adapter answers.

/** A clause that follows "No WebGPU adapter answers here;". */
export function noAdapterCure(platform: string = process.platform): string {
  if (platform === 'linux') {
    return (
      'install a Vulkan driver: run ./setup.sh, or by hand `apt-get install libvulkan1 mesa-vulkan-drivers` ' +
      "(Debian 12: from bookworm-backports, its own Mesa 22.3 is too old), or your GPU maker's driver"
    );
  }
  if (platform === 'darwin') return 'macOS 13 or newer with Metal is needed; update macOS';
  if (platform === 'win32') return 'update the graphics driver (Direct3D 12 is needed) or Windows itself';
  return `there is no known driver for ${platform}; Linux, macOS and Windows are supported`;
}
