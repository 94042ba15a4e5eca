{
  'targets': [
    {
      'target_name': 'tunstack',
      'sources': [
        'src/addon.cc',
        'src/batch.cc',
        'src/checksum.cc',
        'src/device-link.cc',
        'src/device.cc',
        'src/environment.cc',
        'src/errors.cc',
        'src/gro.cc',
        'src/link.cc',
        'src/process.cc',
        'src/queues.cc',
        'src/ring.cc',
        'src/timer.cc',
        'src/tun.cc',
      ],
      'defines': ['NAPI_VERSION=8', '_GNU_SOURCE'],
      'cflags_cc': ['-std=c++17', '-O3', '-Wall', '-Wextra', '-fno-exceptions', '-fno-rtti', '-fvisibility=hidden'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    },
  ],
}
