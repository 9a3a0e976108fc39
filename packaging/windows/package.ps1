# Makes dist\Ponder-VERSION-windows-x86_64.exe, on Windows, in a prompt that finds the C++ compiler, CMake and Ninja.
#
# Signed where PONDER_SIGN_TOOL holds Inno Setup's command for signing, with $f for the file. Vulkan is built where
# VULKAN_SDK names its SDK.
$ErrorActionPreference = "Stop"
Set-Location "$PSScriptRoot\..\.."

$version = python packaging/version_information.py
$bindings = (Select-String -Path requirements/run.txt -Pattern '^llama-cpp-python==([0-9.]+)').Matches.Groups[1].Value
$cache = "build\llama"
$source = "$cache\llama_cpp_python-$bindings"
if (-not (Test-Path $source)) {
    New-Item -ItemType Directory -Force $cache | Out-Null
    python -m pip download --quiet --no-deps --no-binary llama-cpp-python --no-build-isolation --dest $cache "llama-cpp-python==$bindings"
    tar -xzf "$cache\llama_cpp_python-$bindings.tar.gz" -C $cache
}

# The processor's variants and Vulkan as modules, as on Linux: packaging/build_llama.sh says why.
$vulkan = if ($env:VULKAN_SDK) { "ON" } else { "OFF" }
cmake -S "$source\vendor\llama.cpp" -B "$cache\build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON `
    -DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON "-DGGML_VULKAN=$vulkan" -DGGML_OPENMP=OFF `
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF `
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_UI=OFF -DCMAKE_WINDOWS_EXPORT_ALL_SYMBOLS=ON
if ($LASTEXITCODE) { exit $LASTEXITCODE }
cmake --build "$cache\build" --target llama
if ($LASTEXITCODE) { exit $LASTEXITCODE }
$env:PONDER_LLAMA_LIBRARIES = (Resolve-Path "$cache\build\bin").Path

$env:QT_QPA_PLATFORM = "offscreen"
python packaging/icons.py build/icons | Out-Null
$env:PYTHONHASHSEED = "1"
python -m PyInstaller --noconfirm --log-level WARN --distpath build/package --workpath build/pyinstaller build.spec
if ($LASTEXITCODE) { exit $LASTEXITCODE }
python packaging/inventory.py build/package/ponder $source
if ($LASTEXITCODE) { exit $LASTEXITCODE }

New-Item -ItemType Directory -Force dist | Out-Null
$options = @("/DVersion=$version")
if ($env:PONDER_SIGN_TOOL) { $options += "/DSignTool=ponder"; $options += "/Sponder=$env:PONDER_SIGN_TOOL" }
iscc @options packaging\windows\ponder.iss
if ($LASTEXITCODE) { exit $LASTEXITCODE }
Copy-Item build/package/ponder/sbom.cdx.json "dist/ponder-$version-windows-x86_64.sbom.cdx.json"
Get-ChildItem dist -Filter *onder-$version* | Get-FileHash -Algorithm SHA256 |
    ForEach-Object { "$($_.Hash.ToLower())  $(Split-Path -Leaf $_.Path)" } | Set-Content dist/SHA256SUMS-windows
