using System.Diagnostics;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>
/// A directory as Kubernetes mounts a ConfigMap: <c>routes.json</c> leads to <c>..data/routes.json</c>, and <c>..data</c> to a directory of one version.
/// </summary>
internal sealed class MountedConfiguration : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private int _version;

    public MountedConfiguration(string text)
    {
        Write(text);
        Directory.CreateSymbolicLink(In("..data"), "..v0");
        File.CreateSymbolicLink(Routes, "..data/routes.json");
    }

    /// <summary>The file the gateway is given.</summary>
    public string Routes => In("routes.json");

    /// <summary>Makes a new version and renames the link to it into place, as the kubelet does; the old version goes.</summary>
    public void Swap(string text)
    {
        var old = In($"..v{_version}");
        _version++;
        Write(text);
        Directory.CreateSymbolicLink(In("..data_tmp"), $"..v{_version}");

        // .NET moves no link that leads to a directory.
        using (var move = Process.Start("mv", ["-T", In("..data_tmp"), In("..data")]))
        {
            move.WaitForExit();
            Assert.Equal(0, move.ExitCode);
        }

        Directory.Delete(old, recursive: true);
    }

    /// <summary>Writes over the file in place, as an editor may.</summary>
    public void Overwrite(string text) => File.WriteAllText(Routes, text);

    public void Dispose() => _directory.Dispose();

    private string In(string name) => Path.Combine(_directory.Path, name);

    private void Write(string text)
    {
        Directory.CreateDirectory(In($"..v{_version}"));
        _directory.Write(Path.Combine($"..v{_version}", "routes.json"), text);
    }
}
