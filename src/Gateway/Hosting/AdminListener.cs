namespace BlazeGateway.Hosting;

/// <summary>
/// Connection feature that marks the admin listener. It is set when a connection is accepted, so no header a client sends can forge it
/// and a port chosen by the system works as well as a fixed one.
/// </summary>
internal sealed class AdminListener
{
    private AdminListener()
    {
    }

    /// <summary>The mark.</summary>
    public static AdminListener Instance { get; } = new();
}
